(** * A VM with a secret: the assumptions of the theorems on secrets can be met

    [vm_world x]: VM 1 is sealed and protected; its tables are four pages, and one page is mapped, private, at its
    frame 0, which is full of the word [x].  KServ has the rest of its 2 MiB, page by page.  It satisfies
    [mem_inv] for every [x], and the worlds for any two [x] are alike for everybody but VM 1. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Structure Steps Table_Spec Example Alike.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Definition root := base + 512.       (* pages root and root + 1: level 1; then levels 2 and 3; then the page *)
Definition page := root + 4.

Definition m1 : mem :=
  upd (upd (upd m0 (obj "vms.is_protected" [1]) 1) (obj "vms.root" [1]) root) (obj "vms.state" [1]) VM_SEALED.

Definition raw1 (x : Z) : world := {|
  w_mem := m1;
  w_meta := fun p => if p <? root then PG_CORE else if p <? page then mk_state PG_VMCORE 1 0
    else if p =? page then mk_state PG_VM 1 0 else PG_HOST;
  w_ram := fun p i =>
    if p =? base then if i =? 1 then table_desc (base + 2) else 0
    else if p =? base + 2 then if i =? 1 then table_desc (base + 4) else 0
    else if p =? base + 4 then if i <? 5 then 0 else page_desc (root + i) ATTR_HOST
    else if p =? root then if i =? 0 then table_desc (root + 2) else 0
    else if p =? root + 2 then if i =? 0 then table_desc (root + 3) else 0
    else if p =? root + 3 then if i =? 0 then page_desc page ATTR_PRIVATE else 0
    else if p =? page then x else 0;
  w_walk := fun _ _ _ _ => False; w_tlb := fun _ _ _ _ => False; w_held := false |}.

Definition vm_world (x : Z) : world := settle B0 (raw1 x).

Section Example.
  Variable x : Z.
  Notation w := (raw1 x).

  Definition priv : Z := page_desc page ATTR_PRIVATE.

  Lemma gib fn : frame fn -> fn / 2 ^ 27 = 0 \/ fn / 2 ^ 27 = 1.
  Proof. unfold frame. intros F. words. Qed.
  Lemma ix1 fn : frame fn -> index 1 fn = fn / 2 ^ 18 - fn / 2 ^ 27 * 512.
  Proof. unfold frame, index. change (2 ^ (9 * (3 - 1))) with (2 ^ 18). intros F. words. Qed.
  Lemma ix2 fn : index 2 fn = fn / 2 ^ 9 - fn / 2 ^ 18 * 512.
  Proof. unfold index. change (2 ^ (9 * (3 - 2))) with (2 ^ 9). words. Qed.
  Lemma ix3 fn : index 3 fn = fn - fn / 2 ^ 9 * 512.
  Proof. unfold index. change (2 ^ (9 * (3 - 3))) with 1. words. Qed.

  Ltac at_word := unfold word; cbn [w_ram raw1]; unfold page, root, base in *.
  Ltac ifs := repeat match goal with |- context [if ?b then _ else _] => let E := fresh "E" in destruct b eqn:E end;
    try reflexivity; try lia.

  Lemma host1 fn : frame fn -> word w (base + fn / 2 ^ 27) (index 1 fn) = if fn / 2 ^ 18 =? 1 then table_desc (base + 2) else 0.
  Proof. intros F. rewrite (ix1 fn F). at_word. destruct (gib fn F) as [G|G]; rewrite G; unfold frame in F; ifs; exfalso; words. Qed.
  Lemma host2 fn : fn / 2 ^ 18 = 1 -> word w (base + 2) (index 2 fn) = if fn / 2 ^ 9 =? 513 then table_desc (base + 4) else 0.
  Proof. intros G. rewrite (ix2 fn), G. at_word. ifs. Qed.
  Lemma host3 fn : fn / 2 ^ 9 = 513 -> word w (base + 4) (index 3 fn) = if fn <? root + 5 then 0 else page_desc fn ATTR_HOST.
  Proof.
    intros G. assert (R : 513 * 512 <= fn < 514 * 512) by (clear - G; words).
    rewrite (ix3 fn), G. at_word. ifs. replace (262144 + 512 + (fn - 513 * 512)) with fn by lia.
    apply wrap_small. unfold in_ty, modulus, page_desc, ATTR_HOST. lia.
  Qed.
  Lemma vm1 fn : frame fn -> word w (root + fn / 2 ^ 27) (index 1 fn) = if fn / 2 ^ 18 =? 0 then table_desc (root + 2) else 0.
  Proof. intros F. rewrite (ix1 fn F). at_word. destruct (gib fn F) as [G|G]; rewrite G; unfold frame in F; ifs; exfalso; words. Qed.
  Lemma vm2 fn : fn / 2 ^ 18 = 0 -> word w (root + 2) (index 2 fn) = if fn / 2 ^ 9 =? 0 then table_desc (root + 3) else 0.
  Proof. intros G. rewrite (ix2 fn), G. at_word. ifs. Qed.
  Lemma vm3 fn : fn / 2 ^ 9 = 0 -> word w (root + 3) (index 3 fn) = if fn =? 0 then priv else 0.
  Proof. intros G. rewrite (ix3 fn), G. at_word. ifs. Qed.

  Lemma no_vm h : h <> 1 -> vm_state w h = VM_FREE.
  Proof. intros N. unfold vm_state. cbn [w_mem raw1]. unfold m1. rewrite !upd_other by congruence. reflexivity. Qed.
  Lemma live1 h : live w h -> h = 1.
  Proof. intros [_ L]. destruct (Z.eq_dec h 1) as [E|N]; [exact E|]. rewrite (no_vm h N) in L. destruct L; discriminate. Qed.
  Lemma is_live : live w 1.
  Proof. split; [lia|right; reflexivity]. Qed.
  Lemma rooted1 h : rooted w h -> h = 1.
  Proof.
    intros [L|(_ & L & _)]; [apply live1, L|]. destruct (Z.eq_dec h 1) as [E|N]; [exact E|].
    rewrite (no_vm h N) in L. discriminate L.
  Qed.
  Lemma root1 : vm_root w 1 = root.
  Proof. reflexivity. Qed.

  (** ** Where walks are *)
  Definition places (h l fn t : Z) : Prop := frame fn /\
    (h = 0 /\ (l = 1 /\ t = base + fn / 2 ^ 27 \/ l = 2 /\ fn / 2 ^ 18 = 1 /\ t = base + 2 \/
               l = 3 /\ fn / 2 ^ 9 = 513 /\ t = base + 4) \/
     h = 1 /\ (l = 1 /\ t = root + fn / 2 ^ 27 \/ l = 2 /\ fn / 2 ^ 18 = 0 /\ t = root + 2 \/
               l = 3 /\ fn / 2 ^ 9 = 0 /\ t = root + 3)).

  Lemma none_next l : next_table l 0 = None.
  Proof. unfold next_table. destruct (l <? 3); reflexivity. Qed.
  Lemma none_leaf l fn : leaf_page l 0 fn = None.
  Proof. unfold leaf_page. destruct (l <? 3); reflexivity. Qed.
  Lemma last_next d : next_table 3 d = None.
  Proof. reflexivity. Qed.

  Lemma places_all : forall h l fn t, walks B0 w h l fn t -> places h l fn t.
  Proof.
    apply walks_in.
    - intros h l fn t [].
    - intros h r fn [[-> ->]|[L ->]] F; (split; [exact F|]); [left; auto|]. apply live1 in L as ->. right. auto.
    - intros h l fn t t' [F [[-> H]|[-> H]]] E; (split; [exact F|]); [left|right]; (split; [reflexivity|]).
      + destruct H as [[-> ->]|[(-> & G & ->)|(-> & _)]]; [| |discriminate E].
        * rewrite (host1 fn F) in E. destruct (Z.eqb_spec (fn / 2 ^ 18) 1) as [G|]; [|discriminate E].
          right; left. split; [reflexivity|]. split; [exact G|]. injection E as <-. reflexivity.
        * rewrite (host2 fn G) in E. destruct (Z.eqb_spec (fn / 2 ^ 9) 513) as [G2|]; [|discriminate E].
          right; right. split; [reflexivity|]. split; [exact G2|]. injection E as <-. reflexivity.
      + destruct H as [[-> ->]|[(-> & G & ->)|(-> & _)]]; [| |discriminate E].
        * rewrite (vm1 fn F) in E. destruct (Z.eqb_spec (fn / 2 ^ 18) 0) as [G|]; [|discriminate E].
          right; left. split; [reflexivity|]. split; [exact G|]. injection E as <-. reflexivity.
        * rewrite (vm2 fn G) in E. destruct (Z.eqb_spec (fn / 2 ^ 9) 0) as [G2|]; [|discriminate E].
          right; right. split; [reflexivity|]. split; [exact G2|]. injection E as <-. reflexivity.
  Qed.

  Lemma page_leaf p fn : frame p -> leaf_page 3 (page_desc p ATTR_HOST) fn = Some p.
  Proof.
    unfold frame. intros F. unfold leaf_page, output, page_desc, ATTR_HOST. cbn [Z.ltb Z.compare Pos.compare Pos.compare_cont].
    replace ((p * 4096 + 2044 + 3) mod 4 =? 3) with true by words. f_equal. change (2 ^ (9 * (3 - 3))) with 1.
    rewrite Z.mod_1_r, Z.div_1_r. words.
  Qed.

  Lemma entries_all k h fn p : entries B0 w k h fn p ->
    h = 0 /\ p = fn /\ root + 5 <= p < root + 512 \/ h = 1 /\ fn = 0 /\ p = page.
  Proof.
    intros [[]|(l & t & W & L)]. apply places_all in W as [F [[-> H]|[-> H]]]; [left|right]; (split; [reflexivity|]).
    - destruct H as [[-> ->]|[(-> & G & ->)|(-> & G & ->)]].
      + rewrite (host1 fn F) in L. destruct (fn / 2 ^ 18 =? 1); discriminate L.
      + rewrite (host2 fn G) in L. destruct (fn / 2 ^ 9 =? 513); discriminate L.
      + rewrite (host3 fn G) in L. destruct (Z.ltb_spec fn (root + 5)); [discriminate L|].
        rewrite (page_leaf fn fn F) in L. injection L as <-. split; [reflexivity|]. unfold root, base in *. clear - G H. words.
    - destruct H as [[-> ->]|[(-> & G & ->)|(-> & G & ->)]].
      + rewrite (vm1 fn F) in L. destruct (fn / 2 ^ 18 =? 0); discriminate L.
      + rewrite (vm2 fn G) in L. destruct (fn / 2 ^ 9 =? 0); discriminate L.
      + rewrite (vm3 fn G) in L. destruct (Z.eqb_spec fn 0) as [->|]; [|discriminate L]. injection L as <-. auto.
  Qed.

  Lemma states p : state w p = if p <? root then PG_CORE else if p <? page then mk_state PG_VMCORE 1 0
    else if p =? page then mk_state PG_VM 1 0 else PG_HOST.
  Proof. unfold state. cbn [w_meta raw1]. ifs. Qed.

  Lemma in_ram p : base <= p < base + 1024 -> is_ram B0 p.
  Proof. apply ram0. Qed.

  (** Its vCPU is on no CPU; KServ's registers are in pages behind KServ's tables. *)
  Lemma vm_host_ctx c : 0 <= c < 8 -> host_ctx (vm_world x) c = base + 16 + c.
  Proof.
    intros R. unfold host_ctx. cbn [w_mem vm_world settle raw1]. unfold m1. rewrite !upd_name by reflexivity.
    change (wrap U64 (base + 16 + c) = base + 16 + c). apply wrap_small. unfold in_ty, modulus, base. lia.
  Qed.
  Lemma vm_no_token h i : token (vm_world x) h i = 0.
  Proof. unfold token, loaded_cell. cbn [w_mem vm_world settle raw1]. unfold m1. rewrite !upd_name by reflexivity. reflexivity. Qed.

  Lemma example_vm_seats : seats B0 (vm_world x).
  Proof.
    constructor; try (intros h i N; destruct N; apply vm_no_token); try (intros h i j N; destruct N; apply vm_no_token).
    - intros c R. rewrite vm_host_ctx by exact R. split; [apply in_ram; unfold base; lia|].
      change (kind (state w (base + 16 + c)) = PG_CORE). rewrite states. unfold page, root, base in *. ifs.
    - intros c d R R'. rewrite !vm_host_ctx by assumption. lia.
    - intros c h l fn R W. rewrite vm_host_ctx in W by exact R. apply places_all in W as [F W].
      pose proof (gib fn F). unfold page, root, base in *.
      destruct W as [[_ [[_ W]|[(_ & G & W)|(_ & G & W)]]]|[_ [[_ W]|[(_ & _ & W)|(_ & _ & W)]]]]; lia.
  Qed.

  Lemma example_secure : secure B0 (vm_world x).
  Proof.
    assert (St : forall p, state (vm_world x) p = state w p) by reflexivity. split.
    - intros k h fn p T. apply entries_all in T. unfold allowed. rewrite St, states. unfold page, root, base in *.
      destruct T as [(-> & -> & R)|(-> & -> & ->)].
      + split; [reflexivity|]. left. split; [apply in_ram; unfold base; lia|]. left. ifs.
      + split; [apply in_ram; unfold base; lia|]. right. repeat split; reflexivity.
    - intros h l fn t W. apply places_all in W as [F W]. unfold table_page. rewrite St, states.
      pose proof (gib fn F). unfold page, root, base in *.
      destruct W as [[-> W]|[-> W]]; (split; [apply in_ram; unfold base; lia|]); cbn [Z.eqb].
      + ifs.
      + destruct W as [[_ ->]|[(_ & _ & ->)|(_ & _ & ->)]]; ifs; split; reflexivity.
    - exact example_vm_seats.
  Qed.

  Theorem example_vm_inv : inv B0 (vm_world x).
  Proof.
    constructor.
    - apply settle_settled.
    - exact example_secure.
    - constructor; try reflexivity; [|intros c l fn R [F H]; rewrite vm_host_ctx by exact R].
      2: { pose proof (gib fn F). destruct H as [->|[[-> H]|[-> H]]].
        - change (host_table B0 1 fn) with (base + fn / 2 ^ 27). lia.
        - change (host_table B0 2 fn) with (base + 2). lia.
        - cbn [b_has3 B0] in H. change (host_table B0 3 fn) with (base + 3 + (fn / 2 ^ 9 - 512)). lia. }
      intros i p Hi R. cbn in Hi, R. change (wrap U64 (w_mem (vm_world x) (obj "region.l3" [i]))) with (262144 + 3).
      cbn [b_base b_l3 B0]. unfold base in *. clear Hi. words.
    - intros fn F. change (word w (base + fn / 2 ^ 27) (index 1 fn) =
        if fn / 2 ^ 18 =? 1 then table_desc (base + 2) else 0). apply host1, F.
    - intros l fn H. destruct H as [F H]. change (kind (state w (host_table B0 l fn)) = PG_CORE). rewrite states.
      pose proof (gib fn F). assert (host_table B0 l fn < root); [|ifs].
      unfold root. destruct H as [->|[[-> H]|[-> H]]].
      + change (host_table B0 1 fn) with (base + fn / 2 ^ 27). lia.
      + change (host_table B0 2 fn) with (base + 2). lia.
      + cbn [b_has3 B0] in H. change (host_table B0 3 fn) with (base + 3 + (fn / 2 ^ 9 - 512)). lia.
    - intros l fn t W. apply places_all in W as [F [[_ W]|[W _]]]; [|discriminate W].
      destruct W as [[-> ->]|[(-> & G & ->)|(-> & G & ->)]]; (split; [split; [exact F|]|]).
      + tauto.
      + reflexivity.
      + right; left. cbn [b_has2 B0]. rewrite G. auto.
      + reflexivity.
      + right; right. cbn [b_has3 B0]. rewrite G. auto.
      + change (base + 4 = base + 3 + (fn / 2 ^ 9 - 512)). lia.
    - intros h N D. assert (N1 : h <> 1) by (intros ->; apply D, is_live). split.
      + intros l fn t W. apply places_all in W as [_ [[-> _]|[-> _]]]; congruence.
      + intros k fn p T. apply entries_all in T as [[-> _]|[-> _]]; congruence.
  Qed.

  (** ** Its tables *)
  Notation W := (vm_world x).

  Lemma same_words p i : word W p i = word w p i.
  Proof. reflexivity. Qed.

  Lemma level2 fn : frame fn -> table_at W root 2 fn = if fn / 2 ^ 18 =? 0 then Some (root + 2) else None.
  Proof.
    intros F. unfold table_at. change (2 =? 1) with false. cbv iota. rewrite same_words, (vm1 fn F).
    destruct (fn / 2 ^ 18 =? 0); reflexivity.
  Qed.

  Lemma level3 fn : frame fn -> table_at W root 3 fn = if fn / 2 ^ 9 =? 0 then Some (root + 3) else None.
  Proof.
    intros F. unfold table_at. change (3 =? 1) with false. change (3 =? 2) with false. change (3 =? 3) with true. cbv iota.
    rewrite same_words, (vm1 fn F). destruct (Z.eqb_spec (fn / 2 ^ 18) 0) as [G|G].
    - change (next_table 1 (table_desc (root + 2))) with (Some (root + 2)). cbv iota. rewrite same_words, (vm2 fn G).
      destruct (fn / 2 ^ 9 =? 0); reflexivity.
    - rewrite none_next. destruct (Z.eqb_spec (fn / 2 ^ 9) 0) as [G2|]; [|reflexivity]. exfalso. apply G. clear - G2. words.
  Qed.

  Lemma tree l fn t : frame fn -> table_at W root l fn = Some t ->
    l = 1 /\ t = root + fn / 2 ^ 27 \/ l = 2 /\ fn / 2 ^ 18 = 0 /\ t = root + 2 \/ l = 3 /\ fn / 2 ^ 9 = 0 /\ t = root + 3.
  Proof.
    intros F E. destruct (Z.eq_dec l 1) as [->|N1].
    { left. split; [reflexivity|]. change (table_at W root 1 fn) with (Some (root + fn / 2 ^ 27)) in E. congruence. }
    right. destruct (Z.eq_dec l 2) as [->|N2]; [left|right].
    - rewrite (level2 fn F) in E. destruct (Z.eqb_spec (fn / 2 ^ 18) 0); [|discriminate E]. injection E as <-. auto.
    - destruct (Z.eq_dec l 3) as [->|N3].
      + rewrite (level3 fn F) in E. destruct (Z.eqb_spec (fn / 2 ^ 9) 0); [|discriminate E]. injection E as <-. auto.
      + exfalso. apply Z.eqb_neq in N1, N2, N3. unfold table_at in E. rewrite N1, N2, N3 in E.
        destruct (next_table 1 (word W (root + fn / 2 ^ 27) (index 1 fn))); discriminate E.
  Qed.

  Lemma leaves fn : frame fn -> leaf_at W root fn =
    if fn / 2 ^ 9 =? 0 then (3, if fn =? 0 then priv else 0) else if fn / 2 ^ 18 =? 0 then (2, 0) else (1, 0).
  Proof.
    intros F. unfold leaf_at. rewrite (level3 fn F), (level2 fn F). destruct (Z.eqb_spec (fn / 2 ^ 9) 0) as [G|G].
    - rewrite same_words, (vm3 fn G). reflexivity.
    - destruct (Z.eqb_spec (fn / 2 ^ 18) 0) as [G2|G2]; rewrite same_words.
      + rewrite (vm2 fn G2). destruct (Z.eqb_spec (fn / 2 ^ 9) 0); [contradiction|reflexivity].
      + rewrite (vm1 fn F). destruct (Z.eqb_spec (fn / 2 ^ 18) 0); [contradiction|reflexivity].
  Qed.

  (** A leaf with software bits is the one at frame 0. *)
  Lemma leaf_one fn l d : frame fn -> leaf_at W root fn = (l, d) -> d = 0 \/ fn = 0 /\ l = 3 /\ d = priv.
  Proof.
    intros F E. rewrite (leaves fn F) in E. destruct (fn / 2 ^ 9 =? 0), (fn / 2 ^ 18 =? 0), (Z.eqb_spec fn 0) as [Z0|];
      injection E as <- <-; auto.
  Qed.

  Lemma names_one fn s p : frame fn -> names W 1 fn s p -> fn = 0 /\ s = 1 /\ p = page.
  Proof.
    intros F N. unfold names in N. change (vm_root W 1) with root in N. destruct (leaf_at W root fn) as [l d] eqn:E.
    destruct N as (S & S0 & P). destruct (leaf_one fn l d F E) as [->|(-> & -> & ->)]; [exfalso; apply S0; rewrite <- S; reflexivity|].
    split; [reflexivity|]. split; [rewrite <- S; reflexivity|rewrite <- P; reflexivity].
  Qed.

  Theorem example_vm : mem_inv B0 W.
  Proof.
    pose proof example_vm_inv as I.
    assert (Rt : forall h, rooted W h -> h = 1) by exact rooted1.
    assert (Lv : forall h, live W h -> h = 1) by exact live1.
    assert (St : forall p, state W p = state w p) by reflexivity.
    assert (Kl : forall p, kind (state W p) <> PG_LENT).
    { intros p. rewrite St, states. repeat match goal with |- context [if ?b then _ else _] => destruct b end; discriminate. }
    assert (Mk : forall h i, ~ vcpu_made W h i).
    { intros h i (_ & _ & M). apply M. cbn [w_mem vm_world settle raw1]. unfold m1. rewrite !upd_name by reflexivity. reflexivity. }
    constructor.
    - exact I.
    - constructor.
      + intros h R. rewrite (Rt h R). split; reflexivity || (vm_compute; reflexivity).
      + intros h l fn t R F T. rewrite (Rt h R) in *. rewrite St, states. pose proof (gib fn F).
        apply (tree l fn t F) in T. unfold page, root, base in *.
        destruct T as [[_ ->]|[(_ & _ & ->)|(_ & _ & ->)]]; (split; [apply in_ram; unfold base; lia|ifs]).
      + intros h l l' fn fn' t R F F' T T'. rewrite (Rt h R) in *. apply (tree l fn t F) in T. apply (tree l' fn' t F') in T'.
        pose proof (gib fn F). pose proof (gib fn' F').
        destruct T as [[-> ->]|[(-> & G & ->)|(-> & G & ->)]], T' as [[-> T']|[(-> & G' & T')|(-> & G' & T')]]; try (exfalso; lia);
          (split; [reflexivity|]).
        * change (2 ^ (9 * (4 - 1))) with (2 ^ 27). lia.
        * change (2 ^ (9 * (4 - 2))) with (2 ^ 18). lia.
        * change (2 ^ (9 * (4 - 3))) with (2 ^ 9). lia.
      + intros h fn R F. rewrite (Rt h R) in *. change (vm_root W 1) with root in *. constructor; change (vm_root W 1) with root.
        * intros d E. destruct (leaf_one fn 1 d F E) as [X|(_ & X & _)]; [exact X|discriminate X].
        * intros l d E S. destruct (leaf_one fn l d F E) as [->|(-> & -> & ->)]; [destruct S; reflexivity|].
          split; [left; reflexivity|]. split; reflexivity.
        * intros l d E S. destruct (leaf_one fn l d F E) as [->|(-> & -> & ->)]; [left; reflexivity|discriminate S].
        * intros p _ N. destruct (names_one fn 1 p F N) as (-> & _ & ->). split; [apply in_ram; unfold page, root, base; lia|reflexivity].
        * intros p N. destruct (names_one fn 2 p F N) as (_ & X & _). discriminate X.
        * intros l d E. destruct (leaf_one fn l d F E) as [->|(-> & -> & ->)]; discriminate.
        * intros d E S. destruct (leaf_one fn 2 d F E) as [->|(_ & X & _)]; [discriminate S|discriminate X].
      + intros h l fn t N T. apply places_all in T as [F [[-> _]|[-> T]]]; [congruence|]. split; [exact F|].
        change (vm_root W 1) with root. destruct T as [[-> ->]|[(-> & G & ->)|(-> & G & ->)]]; [reflexivity| |].
        * rewrite (level2 fn F), G. reflexivity.
        * rewrite (level3 fn F), G. reflexivity.
      + intros k h fn p N T. apply entries_all in T as [[-> _]|(-> & -> & ->)]; [congruence|].
        split; [unfold frame; lia|]. exists 1. unfold names. change (vm_root W 1) with root.
        rewrite leaves by (unfold frame; lia). repeat split; discriminate.
    - intros h L. rewrite (Lv h L). exists []. constructor; try reflexivity; try (intros; contradiction). constructor.
    - exists (fun _ => []). constructor; try reflexivity.
      + intros p L. destruct (Kl p L).
      + intros h fn p R F N. rewrite (Rt h R) in N. destruct (names_one fn 2 p F N) as (_ & X & _). discriminate X.
    - constructor; try (intros; exfalso; eapply Mk; eassumption).
      all: try (intros h i N; destruct N; reflexivity).
      all: try (intros h L; rewrite (Lv h L); reflexivity).
      + intros h _. destruct (Z.eq_dec h 1) as [->|N]; [vm_compute; split; discriminate|].
        change (vm_state W h) with (vm_state w h). rewrite (no_vm h N). vm_compute; split; discriminate.
      + intros h L. rewrite (Lv h L). split; [vm_compute; discriminate|]. intros i Hi. change (vm_n_ram W 1) with 0 in Hi. lia.
  Qed.

  (** The VM reaches its page, which is its secret. *)
  Lemma secret_tlb : w_tlb W Stage2 1 0 page.
  Proof.
    right. exists 3, (root + 3). split; [|rewrite vm3 by reflexivity; reflexivity].
    change 3 with (2 + 1) at 1. apply walk_next with (t := root + 2); [|rewrite vm2 by reflexivity; reflexivity].
    change 2 with (1 + 1) at 1. apply walk_next with (t := root); [|reflexivity].
    change root with (root + 0 / 2 ^ 27) at 1. apply walk_start; [|lia]. right. split; [exact is_live|reflexivity].
  Qed.

  Lemma secret_reached : reach W 1 page.
  Proof. exists Stage2, 0. exact secret_tlb. Qed.

  Lemma secret_word i : word W page i = wrap U64 x.
  Proof. reflexivity. Qed.
End Example.

(** Everybody but VM 1. *)
Definition but_one : Z -> bool := fun h => negb (h =? 1).

Theorem example_alike x y : alike B0 but_one (vm_world x) (vm_world y).
Proof.
  apply alike_settle; [|exact (example_secure x)]. constructor; try reflexivity. intros p i N _.
  destruct (Z.eq_dec p page) as [->|D].
  - exfalso. apply N. split; [apply in_ram; unfold page, root, base; lia|]. split; [left; reflexivity|reflexivity].
  - unfold word. cbn [w_ram raw1]. destruct (Z.eqb_spec p page); [contradiction|reflexivity].
Qed.
