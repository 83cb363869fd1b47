(** * A complete small verification, as a test of the tactics and an example of their use

    The world: a memory, and one lock that protects it.  Reads and writes need the lock; taking it
    lets other CPUs have changed everything.  Proved: [take] never gets stuck, returns with the
    lock free, and a page that it returns is owned by the caller. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link Wf.
From Demo Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Record world := { w_mem : mem; w_held : bool }.

Definition demo : contract world := {|
  pre e w := match e with
    | ERead _ | EWrite _ _ => w_held w = true
    | ECall f _ => if String.eqb f "spin_lock" then w_held w = false else w_held w = true
    end;
  act e w v w' := match e with
    | ERead l => v = w_mem w l /\ w' = w
    | EWrite l x => w' = {| w_mem := upd (w_mem w) l x; w_held := w_held w |}
    | ECall f _ =>
        if String.eqb f "spin_lock" then w_held w' = true
        else w' = {| w_mem := w_mem w; w_held := false |}
    end |}.

(** Typed views of the memory. *)
Definition owner (w : world) (i : Z) : Z := wrap U32 (w_mem w ("pages.owner", [i])).
Definition taken (w : world) : Z := wrap U32 (w_mem w ("n_taken", [])).
Definition used (w : world) (i : Z) : Z := wrap U32 (w_mem w ("pages.used", [i])).

(** The world's own events: a rule for every family of cells, which names the view.  [steps] uses
    them. *)
Section Events.
  Context {A : Type}.
  Implicit Types (Q : Z -> world -> Prop) (w : world).

  Lemma read_owner i Q w : w_held w = true -> Q (owner w i) w ->
    wp demo (Ev (ERead ("pages.owner", [i])) (fun v => Ret (wrap U32 v))) Q w.
  Proof. intros H K. apply wp_event; [exact H|]. intros v w' [-> ->]. exact K. Qed.

  Lemma read_used i Q w : w_held w = true -> Q (used w i) w ->
    wp demo (Ev (ERead ("pages.used", [i])) (fun v => Ret (wrap U32 v))) Q w.
  Proof. intros H K. apply wp_event; [exact H|]. intros v w' [-> ->]. exact K. Qed.

  Lemma read_taken Q w : w_held w = true -> Q (taken w) w ->
    wp demo (Ev (ERead ("n_taken", [])) (fun v => Ret (wrap U32 v))) Q w.
  Proof. intros H K. apply wp_event; [exact H|]. intros v w' [-> ->]. exact K. Qed.

  Definition write (l : loc) (x : Z) (w : world) : world :=
    {| w_mem := upd (w_mem w) l x; w_held := w_held w |}.

  Lemma write_cell l x (k : Z -> prog A) (Q : A -> world -> Prop) w : w_held w = true ->
    (forall v, wp demo (k v) Q (write l x w)) -> wp demo (Ev (EWrite l x) k) Q w.
  Proof. intros H K. apply wp_event; [exact H|]. intros v w' ->. apply K. Qed.
End Events.

Ltac on_event ::= first
  [ apply read_owner; [assumption|] | apply read_used; [assumption|]
  | apply read_taken; [assumption|]
  | apply write_cell; [assumption|]; intros _ ]; cbv beta iota.

Lemma demo_total : total demo.
Proof.
  intros [l|l x|f a] w _; cbn; eauto. exists 0. destruct (String.eqb f "spin_lock"); [|eauto].
  exists {| w_mem := w_mem w; w_held := true |}. reflexivity.
Qed.

Section Functions.
  Variable fuel : nat.
  Hypothesis fuel_ok : 64 < Z.of_nat fuel.
  Notation WP := (wp demo).

  (** ** Specifications *)
  Definition field_spec (d : den) : Prop := forall x w, in_ty U64 x ->
    WP (d [x]) (fun r w' => w' = w /\ exists v, r = Some v /\ v = (x mod 2 ^ 48) / 4096 + 2 ^ 40) w.

  Definition is_free_spec (d : den) : Prop := forall i w, 0 <= i < 64 -> w_held w = true ->
    WP (d [i]) (fun r w' => w' = w /\ r = Some (bz ((owner w i =? 0) && (used w i =? 0)))) w.

  Definition find_free_spec (d : den) : Prop := forall from w, 0 <= from <= 64 -> w_held w = true ->
    WP (d [from]) (fun r w' => w' = w /\
      exists i, r = Some i /\ (i = 4294967295 \/ from <= i < 64 /\ owner w i = 0)) w.

  Definition class_weight_spec (d : den) : Prop := forall c w, 0 <= c ->
    WP (d [c]) (fun r w' => w' = w /\ r = Some (if c <=? 2 then 2 ^ c else 8)) w.

  Definition lock_spec (d : den) : Prop := forall k w, w_held w = false ->
    WP (d [k]) (fun r w' => r = None /\ w_held w' = true) w.

  Definition unlock_spec (d : den) : Prop := forall k w, w_held w = true ->
    WP (d [k]) (fun r w' => r = None /\ w' = {| w_mem := w_mem w; w_held := false |}) w.

  Definition take_spec (d : den) : Prop :=
    forall o from w, w_held w = false -> 0 <= o < 2 ^ 32 -> 0 <= from ->
    WP (d [o; from]) (fun r w' => w_held w' = false /\
      exists i, r = Some i /\ (i = 4294967295 \/ from <= i < 64 /\ owner w' i = o)) w.

  (** ** Proofs *)
  Lemma field_ok F : field_spec (invoke F fuel f_field).
  Proof.
    intros x w X. enter. steps. split; [reflexivity|]. eexists; split; [reflexivity|].
    rewrite (land_field x _ 12 48), shiftr_div by (reflexivity || lia).
    rewrite Z.div_mul, Z.lor_comm by lia. unfold in_ty in X. cbn in X.
    rewrite (lor_add _ _ 40); [|lia|reflexivity|].
    all: change (2 ^ 12) with 4096; change (2 ^ 48) with 281474976710656.
    all: change (2 ^ 40) with 1099511627776.
    all: Z.to_euclidean_division_equations; lia.
  Qed.

  Lemma is_free_ok F : is_free_spec (invoke F fuel f_is_free).
  Proof. intros i w I H. enter. steps. all: split; [reflexivity|f_equal; lia]. Qed.

  Lemma find_free_ok F : is_free_spec (F "is_free") -> find_free_spec (invoke F fuel f_find_free).
  Proof.
    intros Hfree from w R H. enter. steps.
    loop (fun m e w1 => w1 = w /\ exists i ok, m = 64 - i /\ from <= i <= 64 /\
      e = [("from", Some from); ("r", Some 4294967295); ("i", Some i); ("ok", ok)])
      from (64 - from).
    - lia.
    - split; [reflexivity|]. exists from, None. repeat split; lia.
    - intros m e w1 M (-> & i & ok & -> & I & ->). steps.
      + (* in use: continue *)
        exists (64 - (i + 1)). split; [lia|]. split; [reflexivity|]. exists (i + 1), None.
        repeat split; lia.
      + call Hfree. intros [-> ->]. steps.
        * (* found: break *)
          split; [reflexivity|]. exists i. split; [reflexivity|]. right. lia.
        * exists (64 - (i + 1)). split; [lia|]. split; [reflexivity|]. do 2 eexists.
          repeat split; lia.
      + split; [reflexivity|]. eexists; split; [reflexivity|]. auto.
  Qed.

  Lemma class_weight_ok F : class_weight_spec (invoke F fuel f_class_weight).
  Proof.
    intros c w Hc. enter. steps.
    - (* the index of the table is a variable: two cases *)
      assert (c = 0 \/ c = 1) as [-> | ->] by lia; steps; split; reflexivity.
    - subst c. split; reflexivity.
    - split; [reflexivity|]. destruct (Z.leb_spec c 2); [lia|reflexivity].
  Qed.

  Lemma take_ok F : lock_spec (F "spin_lock") -> unlock_spec (F "spin_unlock") ->
    find_free_spec (F "find_free") -> class_weight_spec (F "class_weight") ->
    take_spec (invoke F fuel f_take).
  Proof.
    intros Hlock Hunlock Hfind Hweight o from w H Ho Hfrom. enter. steps.
    - (* invalid arguments *)
      split; [assumption|]. eauto.
    - call Hlock. intros [-> L]. steps.
      call Hfind. intros (-> & i & -> & I). steps.
      + (* a page was found *)
        call Hweight. intros [-> ->]. steps. call Hunlock. intros [-> ->]. steps.
        split; [reflexivity|]. exists i. split; [reflexivity|]. right. split; [lia|].
        unfold owner, write; cbn [w_mem]. rewrite upd_name, upd_same by reflexivity.
        apply wrap_small. unfold in_ty; cbn. lia.
      + call Hunlock. intros [-> ->]. steps. split; [reflexivity|]. exists i.
        split; [reflexivity|]. lia.
  Qed.

  (** ** The linked program *)
  Lemma lock_ok : lock_spec (call_primitive prims "spin_lock").
  Proof. intros k w H. eapply r_primitive; [reflexivity|reflexivity|exact H|]. cbn. auto. Qed.

  Lemma unlock_ok : unlock_spec (call_primitive prims "spin_unlock").
  Proof. intros k w H. eapply r_primitive; [reflexivity|reflexivity|exact H|]. cbn. auto. Qed.

  Definition spec (f : ident) : den -> Prop :=
    match assoc f [ ("field", field_spec); ("is_free", is_free_spec); ("find_free", find_free_spec);
                    ("class_weight", class_weight_spec); ("take", take_spec);
                    ("spin_lock", lock_spec); ("spin_unlock", unlock_spec) ] with
    | Some s => s
    | None => fun _ => True
    end.

  Theorem demo_ok f : In f (names program) -> spec f (denote fuel prims program f).
  Proof.
    apply link_program.
    - intros g s. unfold prims, prim_list. cbn.
      destruct (String.eqb_spec g "spin_lock") as [->|]; [intros _; exact lock_ok|].
      destruct (String.eqb_spec g "spin_unlock") as [->|]; [intros _; exact unlock_ok|discriminate].
    - repeat apply Forall_cons; [..|apply Forall_nil]; intros F H.
      + apply take_ok; callee H.
      + apply class_weight_ok.
      + apply find_free_ok; callee H.
      + apply is_free_ok.
      + apply field_ok.
    - exact program_calls.
  Qed.
End Functions.

(** The semantics is not vacuous: from a free lock, [take] really returns. *)
Theorem take_returns fuel w : 64 < Z.of_nat fuel -> w_held w = false ->
  exists r w', runs demo (denote fuel prims program "take" [1; 0]) w (Ret r) w'.
Proof.
  intros L H. pose proof (demo_ok fuel L "take" ltac:(cbn; tauto) : take_spec _) as T.
  destruct (wp_reach demo _ _ _ demo_total (T 1 0 w H ltac:(lia) ltac:(lia))) as (r & w' & R & _).
  eauto.
Qed.
Print Assumptions demo_ok.
Print Assumptions take_returns.
