(** * What a CPU gives away while it is dark: the whole of it is on a list

    [Traps_System.given] says which events of a dark CPU others can notice; they stand in the trace, and
    [traps_noninterference] says nothing of them.  Here is what KCore does to pages at all, on any CPU ([code_policy]), and so
    what can be given away ([given_policy]).  Software can read: words of the run page of a protected VM's vCPU, and they are
    [exposed]; a page that the vCPU has asked to be shared ([disclosed]); words of KServ's own register page; registers and
    pages that are KServ's or a VM's of [Q] anyway (for a page that is given away is not secret).  The rest are KCore's own
    objects, page states, tables and TLBs: no program reads them, and KServ is taken to know them only so that no argument
    is needed about what KCore computes from them. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Exposed Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Cpu_Facts Interleave Interleave_Events Machine_Proof Alike
  Traps_System Traps_Alike Traps_Public Traps_Good Traps_Related Lockstep.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Policy.
  Variables (c : Z) (w : world).

  Inductive policy : event -> Prop :=
  (* the run page of a protected VM's vCPU that this CPU has; a page that it wants to be shared *)
  | po_told h i j x : token w h i = c + 1 -> protected w h -> exposed c w j x -> policy (ECall "pg_set" [vcpu_run w h i; j; x])
  | po_copy dst src : discloses c w dst src -> policy (ECall "page_copy" [dst; src])
  (* what is KServ's: a normal VM's registers; its own, while they are the current context *)
  | po_normal h i j x : token w h i = c + 1 -> ~ protected w h -> policy (ECall "pg_set" [vcpu_run w h i; j; x])
  | po_kserv j x : wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c])) = host_ctx w c -> policy (ECall "pg_set" [host_ctx w c; j; x])
  (* what is a protected VM's: a vCPU's registers; a page of the VM of which this CPU has a vCPU *)
  | po_context p j x : kind (state w p) = PG_CTX -> policy (ECall "pg_set" [p; j; x])
  | po_private p j x : kind (state w p) = PG_VM -> has c w [handle (state w p)] -> policy (ECall "pg_set" [p; j; x])
  (* a page that nobody gets at, or the context of whoever has the CPU; what was in EL1's registers goes there as well *)
  | po_zero p : isolated w p \/ own_ctx c w p -> policy (ECall "page_zero" [p])
  | po_fp p : own_ctx c w p -> policy (ECall "fp_save" [p])
  | po_switch p to vt hcr mdcr : own_ctx c w p -> policy (ECall "ctx_switch" [p; to; vt; hcr; mdcr])
  (* what KCore alone reads, and the MMU *)
  | po_pool p j x : kind (state w p) = PG_VMCORE -> policy (ECall "pg_set" [p; j; x])
  | po_table p j x : kind (state w p) = PG_CORE \/ kind (state w p) = PG_VMCORE -> policy (ECall "pte_set" [p; j; x])
  | po_object l x : policy (EWrite l x)
  | po_state p s : may_change w p s -> policy (ECall "meta_set" [p; s])
  | po_tlb h r : policy (ECall "tlb_inval_vm" [h; r]).
End Policy.

(** ** The list speaks of what the CPU owns, so it says the same in the world that the CPU's proof knows *)
Section Agree.
  Variables (c : Z) (a w : world).
  Hypothesis E : forall l, owns c a l -> w_mem a l = w_mem w l.
  Hypothesis P : forall p i, own_page c a p -> w_ram a p i = w_ram w p i.

  Lemma agree_reg r ix : reg_of a c r ix = reg_of w c r ix.
  Proof. unfold reg_of. rewrite E; [reflexivity|]. unfold owns. rewrite reg_class. apply reg_own. Qed.
  Lemma agree_cur : w_mem a (obj "pcpu.cur_ctx" [c]) = w_mem w (obj "pcpu.cur_ctx" [c]).
  Proof. apply E. reflexivity. Qed.
  Lemma agree_current : current c a -> current c w.
  Proof.
    intros (h & i & T & O & Pr & X). exists h, i. split; [exact (agree_token c a w E h i T)|].
    split; [exact (agree_on c a w E h i T O)|]. split; [apply (agree_protected c a w E h i T), Pr|].
    rewrite <- agree_cur, X. exact (agree_ctx c a w E h i T).
  Qed.
  Lemma agree_x n : current c a -> x_reg c a n = x_reg c w n.
  Proof.
    intros (h & i & T & O & Pr & X). unfold x_reg. destruct (n <? 31); [|reflexivity]. rewrite <- agree_cur. unfold word.
    rewrite P; [reflexivity|]. right. exists h, i. auto.
  Qed.
  Lemma agree_syndrome : syndrome c a = syndrome c w.
  Proof. apply agree_reg. Qed.

  Lemma agree_exposed j x : exposed c a j x -> exposed c w j x.
  Proof.
    pose proof agree_syndrome as Y. pose proof agree_current as Cu. pose proof agree_x as X.
    assert (Kl : class c w = class c a) by (unfold class; rewrite Y; reflexivity).
    assert (Kp : forall m, kept c w m = kept c a m) by (intros; unfold kept; rewrite Y; reflexivity).
    assert (Vd : Exposed.valid c a -> Exposed.valid c w) by (unfold Exposed.valid; rewrite Y; auto).
    assert (Cs : calls c a -> calls c w) by (intros [K D]; split; [apply Cu, K|rewrite Kl; exact D]).
    assert (Cl : calls c a -> call c w = call c a) by (intros [K _]; unfold call; rewrite (X 0 K); reflexivity).
    assert (Xc : forall n, calls c a -> x_reg c a n = x_reg c w n) by (intros n [K _]; apply X, K).
    intros H. destruct H.
    - apply ex_exit. assumption.
    - apply ex_esr. match goal with S : shown_syndrome c a _ |- _ => destruct S end.
      + rewrite <- Kp. constructor. + rewrite <- Kp. apply wait. congruence. + apply standby. rewrite Kl. assumption.
      + rewrite <- Kp. apply page_wanted. congruence. + rewrite <- Kp. apply data_wanted. congruence.
      + apply call_wants_page. rewrite Kl. assumption. + rewrite <- Kp. apply device; [congruence|auto].
      + rewrite <- Kp. apply register. congruence.
    - apply ex_far. rewrite Kl, <- agree_reg. intuition.
    - apply ex_page. match goal with S : shown_page c a _ |- _ => destruct S end.
      + rewrite agree_reg. constructor.
      + apply of_walk; [rewrite Kl; assumption|rewrite <- Y; assumption|assumption].
      + rewrite Xc by assumption. apply of_call; auto.
    - apply ex_fault; assumption.
    - apply ex_nothing.
    - rewrite X by assumption. replace (data_reg c a) with (data_reg c w) by (unfold data_reg; rewrite Y; reflexivity).
      replace (bytes c a) with (bytes c w) by (unfold bytes; rewrite Y; reflexivity).
      apply ex_store; auto; [congruence|]. unfold stores in *. rewrite <- Y. assumption.
    - rewrite X by assumption. rewrite Y. apply ex_register; auto; rewrite ?Kl, ?Kp; assumption.
    - rewrite Xc by assumption. apply ex_cpu; auto. rewrite Cl by assumption. assumption.
    - rewrite Xc by assumption. apply ex_from; auto. rewrite Cl by assumption. assumption.
    - apply ex_count; auto; [rewrite Cl by assumption; assumption|]. rewrite <- !Xc by assumption. assumption.
    - rewrite Xc by assumption. apply ex_from_one; auto. rewrite Cl by assumption. assumption.
    - apply ex_one; auto. rewrite Cl by assumption. assumption.
    - rewrite agree_reg. constructor.
    - rewrite agree_reg. constructor.
    - rewrite agree_reg. constructor; assumption.
    - rewrite agree_reg. constructor; assumption.
  Qed.

  Lemma agree_disclosed p : w_meta a = w_meta w -> disclosed c a p -> disclosed c w p.
  Proof.
    intros M (h & i & T & O & Pr & X & D & Cl & K & Hh & Ar).
    assert (Cu : current c a) by (exists h, i; auto).
    assert (Kl : class c w = class c a) by (unfold class; rewrite agree_syndrome; reflexivity).
    exists h, i. split; [exact (agree_token c a w E h i T)|]. split; [exact (agree_on c a w E h i T O)|].
    split; [apply (agree_protected c a w E h i T), Pr|]. split; [rewrite <- agree_cur, X; exact (agree_ctx c a w E h i T)|].
    split; [rewrite Kl; exact D|]. split; [unfold call in *; rewrite <- (agree_x 0 Cu); exact Cl|].
    unfold state in *. rewrite <- M. split; [exact K|]. split; [exact Hh|]. rewrite <- (agree_x 1 Cu). exact Ar.
  Qed.
End Agree.

Section Given.
  Variable B : board.
  Variable Q : Z -> bool.
  Variable R : Type.
  Variable J : Z -> world -> Prop.

  Lemma view_agree c a w : view c a w -> forall l, owns c a l -> w_mem a l = w_mem w l.
  Proof.
    intros V l O. apply (v_mem c a w V). unfold owns, visible in *. destruct (class_of (fst l)); auto; try contradiction.
    unfold loadable, has_vcpu in *. destruct (snd l) as [|h [|i [|]]]; auto.
  Qed.

  Lemma calls_before c f args a : before c (ECall f args) a a.
  Proof. unfold before. destruct (observes (ECall f args)); [|reflexivity]. exists (w_ram a). split; [destruct a;
    reflexivity|reflexivity]. Qed.

  Theorem code_policy s c e k p : sgood B Q R J s -> s_cpu R s c = Serving (Ev e k) -> page_of e = Some p ->
    policy (Z.of_nat c) (s_world R s) e.
  Proof.
    intros G E Pe. pose proof (sgood_secure B Q R J s G) as Sec. pose proof (s_seats B _ Sec) as Se.
    destruct (code_pre B Q R J s c e k G E) as (a & Pr & V). set (w := s_world R s) in *.
    destruct e as [| |f args]; try discriminate Pe. destruct args as [|p' args]; [discriminate Pe|].
    assert (X : In f ["page_zero"; "page_copy"; "pg_set"; "pte_set"; "fp_save"; "ctx_switch"] /\ p' = p).
    { cbn [page_of] in Pe. destruct (existsb (String.eqb f) _) eqn:X; [|discriminate Pe]. split; [|congruence].
      apply existsb_exists in X as (g & I & X). apply String.eqb_eq in X. subst g. exact I. }
    destruct X as [I ->]. clear Pe.
    (* what the proof of the code knows: with the lock, the world as it is; without, what the CPU owns *)
    assert (Ag : (forall l, owns (Z.of_nat c) a l -> w_mem a l = w_mem w l)) by (destruct V as [[V _]|V];
      [apply view_agree, V|apply V]).
    assert (Nd : w_held a = true /\ view (Z.of_nat c) a w /\ (forall a0, before (Z.of_nat c) (ECall f (p :: args)) a a0 ->
        fst (effect B (Z.of_nat c) (mem_inv B) (ECall f (p :: args)) a0)) \/
      w_held a = false /\ away (Z.of_nat c) a w /\ (if paging f then fst (local_effect B (Z.of_nat c) (ECall f (p :: args)) a)
        else fst (effect B (Z.of_nat c) (mem_inv B) (ECall f (p :: args)) a))).
    { destruct Pr as [_ Pr]. pose proof (calls_before (Z.of_nat c) f (p :: args) a) as Bf. destruct V as [[V Hd]|V]; [left|right].
      - split; [exact Hd|]. split; [exact V|]. unfold local in Pr. rewrite Hd, andb_false_r in Pr. intros a0 X. apply Pr, X.
      - pose proof (aw_held _ _ _ V) as Hd. split; [exact Hd|]. split; [exact V|]. unfold local in Pr. rewrite Hd, andb_true_r in Pr.
        destruct (paging f); [exact Pr|apply Pr, Bf]. }
    clear Pr V. pose proof (calls_before (Z.of_nat c) f (p :: args) a) as Bf.
    repeat (destruct I as [<-|I]); [..|destruct I]; destruct args as [|x [|y [|z [|x5 [|]]]]].
    all: try solve [exfalso; destruct Nd as [(_ & _ & Nd)|(Hd & _ & Nd)]; [specialize (Nd a Bf)|]; cbn in Nd;
      first [exact Nd|tauto|destruct Nd as [Nd _]; congruence]].
    + apply po_zero. destruct Nd as [(_ & V & Nd)|(Hd & V & Nd)].
      * left. specialize (Nd a Bf). cbn in Nd. apply (view_isolated _ _ _ _ V), Nd.
      * right. cbn in Nd. apply (agree_own_ctx _ _ _ Ag), Nd.
    + (* a copy: with the lock, of the content that there is now *)
      apply po_copy. destruct Nd as [(_ & V & Nd)|(Hd & _ & Nd)]; [|exfalso; cbn in Nd; destruct Nd as [Nd _]; congruence].
      destruct (view_now (Z.of_nat c) a w V) as [Md V0]. specialize (Nd _ Md). cbn in Nd. destruct Nd as (_ & _ & _ & K & U & Iu & Ds).
      assert (St : forall q, state w q = state a q) by (intros q; unfold state; rewrite (v_meta _ _ _ V); reflexivity).
      split; [rewrite St; exact K|]. split; [intros (h & l & fn & W); apply U; exists h, l, fn; apply (v_walk _ _ _ V), W|].
      split.
      { intros X. apply Iu. revert X. unfold in_use, host_ctx, token, protected, vcpu_on, vcpu_ctx. cbn [set_ram w_mem].
        assert (Pl := view_plain _ _ _ V). intros [(d & Rd & ->)|(h & i & X1 & X2 & X3 & ->)].
        - left. exists d. split; [exact Rd|]. rewrite Pl by (left; reflexivity). reflexivity.
        - right. exists h, i. rewrite !Pl by (right; reflexivity). auto. }
      apply (agree_disclosed (Z.of_nat c) (set_ram (w_ram w) a)); [exact Ag|reflexivity|apply V|exact Ds].
    + (* a word: into the CPU's own pages without the lock *)
      destruct Nd as [(_ & V & Nd)|(Hd & V & Nd)].
      { specialize (Nd a Bf). cbn in Nd. destruct Nd as (_ & (Rp & K) & _).
        assert (St : state w p = state a p) by (unfold state; rewrite (v_meta _ _ _ V); reflexivity). rewrite <- St in K.
        destruct K as [K|[K|[K [i T]]]]; [apply po_pool; exact K|apply po_context; exact K|].
        apply po_private; [exact K|]. exists i. exact (agree_token _ a w Ag _ i T). }
      cbn in Nd. destruct Nd as (M & _ & Td). pose proof (agree_exposed _ a w Ag (aw_page _ _ _ V)) as Ex.
      assert (Run : forall h i, token a h i = Z.of_nat c + 1 -> p = vcpu_run a h i -> policy (Z.of_nat c) w (ECall "pg_set" [p; x; y])).
      { intros h i Tk Ep. pose proof (agree_token _ a w Ag h i Tk) as Tw. pose proof (agree_protected _ a w Ag h i Tk) as Pw.
        rewrite Ep, (agree_run _ a w Ag h i Tk).
        destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Np|Pd].
        - apply po_normal; [exact Tw|]. intros X. exact (X Np).
        - apply po_told; [exact Tw|exact Pd|]. apply Ex. apply (proj1 Td h i Tk); [apply Pw; exact Pd|exact Ep]. }
      destruct M as [[[_ ->]|(h & i & Tk & On & ->)]|(h & i & Tk & ->)]; [|..|apply (Run h i); auto].
      { rewrite (agree_host _ a w Ag). apply po_kserv. rewrite <- (agree_cur _ a w Ag), <- (agree_host _ a w Ag).
        destruct (proj2 Td eq_refl) as [X|(h & i & Tk & X)]; [exact X|]. exfalso.
        pose proof (agree_token _ a w Ag h i Tk) as Tw. rewrite (agree_run _ a w Ag h i Tk), (agree_host _ a w Ag) in X.
        assert (Lc : (c < 8)%nat) by (apply (sg_cpu _ _ _ _ s G); congruence).
        destruct (st_run B w Se h i ltac:(lia)) as (_ & K & _). destruct (st_host B w Se (Z.of_nat c) ltac:(lia)) as [_ K'].
        rewrite <- X, K' in K. discriminate K. }
      pose proof (agree_token _ a w Ag h i Tk) as Tw. rewrite (agree_ctx _ a w Ag h i Tk) in *.
      destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [Np|Pd].
      * rewrite (st_normal B w Se h i ltac:(lia) (fun X => X Np)) in *. rewrite <- (agree_run _ a w Ag h i Tk) in *.
        apply (Run h i Tk eq_refl).
      * destruct (st_ctx B w Se h i ltac:(lia) Pd) as (Rp & K & _). apply po_context. exact K.
    + apply po_table. destruct Nd as [(_ & V & Nd)|(Hd & _ & Nd)]; [|exfalso; cbn in Nd; destruct Nd as [Nd _]; congruence].
      specialize (Nd a Bf). cbn in Nd. destruct Nd as (_ & (Rp & K) & _).
      assert (St : state w p = state a p) by (unfold state; rewrite (v_meta _ _ _ V); reflexivity). rewrite St. tauto.
    + destruct Nd as [(_ & _ & Nd)|(_ & _ & Nd)]; [destruct (Nd a Bf)|]. cbn in Nd. apply po_fp, (agree_own_ctx _ _ _ Ag), Nd.
    + destruct Nd as [(_ & _ & Nd)|(_ & _ & Nd)]; [destruct (Nd a Bf)|]. cbn in Nd. apply po_switch, (agree_own_ctx _ _ _ Ag), Nd.
  Qed.

  Theorem given_policy s c e k T : sgood B Q R J s -> s_cpu R s c = Serving (Ev e k) -> given B Q T (s_world R s) e ->
    policy (Z.of_nat c) (s_world R s) e.
  Proof.
    intros G E H. pose proof (code_changes B Q R J s c e k G E) as Ch. destruct H as [l x N|e p Pe N|p x|h r].
    - apply po_object.
    - exact (code_policy s c e k p G E Pe).
    - apply po_state. exact (proj2 (Ch eq_refl)).
    - apply po_tlb.
  Qed.
End Given.
