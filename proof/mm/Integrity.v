(** * Integrity: who changes a private page of a VM

    A private page of VM [h] that anybody reaches, or that a walk uses, keeps its content and its state in every
    step of KServ, of other VMs and of KCore.  There are two exceptions, both for VM [h] itself: its own stores,
    and KCore's store for it, on a CPU that has loaded one of its vCPUs (the store that a guest asks for).
    What remains, force-reclaim, the reclaim of a dead VM's page and the first copy of the image, works on pages
    that nobody reaches: [private_step].  [private_run]: so it is along a run. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Interleave Machine_Proof Alike Cpu_Facts Lockstep.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** VM [h] itself stores into [p], or KCore does for it. *)
Definition own_store (h p : Z) (w : world) (l : label) : Prop :=
  (exists i x, l = Private h p i x) \/
  (exists c i x v, l = Kcore c (ECall "pg_set" [p; i; x]) v /\ has (Z.of_nat c) w [h]).

Section Integrity.
  Variable B : board.
  Hypothesis HB : board_ok B.

  (** A private page of VM [h] with its place, frame [fn] of the VM. *)
  Definition private_page (w : world) (h fn p : Z) : Prop :=
    is_ram B p /\ kind (state w p) = PG_VM /\ handle (state w p) = h /\ arg (state w p) = fn.

  (** A page that a leaf of the VM's tables names is reached. *)
  Lemma leaf_reached w h l fn t p : settled B w -> w_walk w h l fn t ->
    leaf_page l (word w t (index l fn)) fn = Some p -> reach w h p.
  Proof.
    intros S W L. exists Stage2, fn. apply (c_tlb B w S). right. exists l, t. split; [apply walk_old, W|exact L].
  Qed.

  Theorem private_step m l m' h fn p : good B m -> lstep B m l m' -> private_page (m_world m) h fn p ->
    reached (m_world m) p ->
    private_page (m_world m') h fn p /\
    (own_store h p (m_world m) l \/ forall i, w_ram (m_world m') p i = w_ram (m_world m) p i).
  Proof.
    intros G S (Rp & Kp & Hp & Ap) Rd.
    pose proof (g_secure B m G) as Se. pose proof (g_secure B m' (lstep_good B HB m l m' G S)) as Se'.
    assert (Keep : forall w', w_meta w' = w_meta (m_world m) -> private_page w' h fn p).
    { intros w' E. unfold private_page, state. rewrite E. auto. }
    assert (Other : forall q i x w0, q <> p -> w_ram (write_word B q i x w0) p = w_ram w0 p).
    { intros q i x w0 N. cbn. unfold store_word. destruct (Z.eqb_spec p q); [congruence|reflexivity]. }
    destruct S as [w T c k v E|w o T c k v E|w o T c e k v w' N1 N2 E F|w o T h' q i x R Ri N|w o T h' q i x R Ri N];
      cbn [m_world m_lock m_cpu] in *.
    - split; [apply Keep|right]; reflexivity.
    - split; [apply Keep|right]; reflexivity.
    - destruct e as [l|l x|f args].
      + cbn in F. destruct F as [_ ->]. split; [apply Keep|right]; reflexivity.
      + cbn in F. subst w'. unfold write_cell. destruct (steers_walks (fst l)); (split; [apply Keep|right]; reflexivity).
      + destruct (cpu_primitive f) eqn:Cp.
        { rewrite cpu_effect_call in F by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ F) as (d & _ & _ & ->).
          destruct (set_regs_pages (Z.of_nat c) (writes d) w) as [Em Er]. split; [apply Keep, Em|right].
          intros i. rewrite Er. reflexivity. }
        destruct (next_needs B {| m_world := w; m_lock := o; m_cpu := T |} c f args k Cp G E N1 N2) as (a & V & P & _ & _).
        cbn [effect] in F, P. rewrite Cp in F, P.
        cbn [m_world] in V.
        assert (NI : ~ isolated a p) by (intros X; apply (view_isolated _ _ _ _ V) in X; apply (proj1 X), Rd).
        pose proof (view_state _ _ _ p V) as Es.
        destruct args as [|x [|y [|z [|u [|t0 [|]]]]]]; try (cbn in F; contradiction); cbn in F, P.
        * repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
            cbn in F, P; try contradiction.
          -- destruct P as [_ ->]. destruct N1. reflexivity.
          -- subst w'. split; [apply Keep|right]; reflexivity.
          -- destruct F as [_ ->]. split; [apply Keep|right]; reflexivity.
          -- subst w'. split; [apply Keep; reflexivity|right]. intros i. cbn. unfold store_page.
             destruct (Z.eqb_spec p x) as [<-|]; [tauto|reflexivity].
          -- subst w'. split; [apply Keep|right]; reflexivity.
        * repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
            cbn in F, P; try contradiction.
          -- subst w'. split; [|right; reflexivity].
             destruct (Z.eq_dec p x) as [<-|D].
             2: { unfold private_page, state. cbn. destruct (Z.eqb_spec p x); [contradiction|auto]. }
             destruct P as (_ & _ & [[O St]|[X _]]); [|contradiction]. rewrite Es in O, St.
             destruct Rd as (h' & k' & fn' & R'). pose proof (s_tlb B _ Se k' h' fn' p R') as A.
             pose proof (s_tlb B _ Se' k' h' fn' p R') as A'. unfold allowed in A, A'.
             assert (En : state (set_meta p y w) p = wrap U64 y) by (unfold state; cbn; rewrite Z.eqb_refl; reflexivity).
             rewrite En in A'. unfold private_page. rewrite En. destruct (Z.eqb_spec h' 0) as [->|D].
             { destruct A as [_ [[_ A]|A]]; [pg; lia|destruct (bo_dev B HB _ A Rp)]. }
             destruct A as [_ [A|(_ & A2 & A3)]]; [pg; lia|]. destruct A' as [_ [A'|(A4 & A5 & A6)]].
             { destruct (St (or_introl Kp)); pg; lia. }
             repeat split; [exact Rp|exact A4|congruence|congruence].
          -- destruct F as [_ ->]. split; [apply Keep|right]; reflexivity.
          -- destruct F as [_ ->]. split; [apply Keep|right]; reflexivity.
          -- destruct (never_copies B {| m_world := w; m_lock := o; m_cpu := T |} c _ _ k G E eq_refl).
          -- subst w'. split; [apply Keep|right]; reflexivity.
        * repeat match goal with H : context [String.eqb f ?s] |- _ => destruct (String.eqb_spec f s); [subst f|] end;
            cbn in F, P; try contradiction.
          -- subst w'. split; [apply Keep; reflexivity|].
             destruct (Z.eq_dec x p) as [->|D]; [left; right|right; intros i; rewrite Other by exact D; reflexivity].
             exists c, y, z, v. split; [reflexivity|]. destruct P as (_ & [_ U] & _). rewrite Es in U.
             destruct U as [U|[U|[_ U]]]; [pg; lia..|]. rewrite Hp in U. destruct U as [i U]. exists i.
             unfold token in *. rewrite <- (v_mem _ _ _ V) by exact Logic.I. exact U.
          -- subst w'. split; [apply Keep; reflexivity|right]. intros i. rewrite Other; [reflexivity|]. intros ->.
             destruct P as (_ & [_ U] & _). rewrite Es in U. destruct U as [[U _]|U]; pg; lia.
        * destruct (String.eqb f "ctx_start"); [destruct P|cbn in F; contradiction].
        * destruct (String.eqb f "ctx_switch"); [destruct P|cbn in F; contradiction].
    - split; [apply Keep; reflexivity|right]. intros j. rewrite Other; [reflexivity|]. intros ->. apply N.
      split; [exact Rp|left; exact Kp].
    - split; [apply Keep; reflexivity|]. destruct (Z.eq_dec q p) as [->|D];
        [left; left|right; intros j; rewrite Other by exact D; reflexivity].
      exists i, x. f_equal. destruct R as (k & fn' & R). pose proof (s_tlb B _ Se k h' fn' p R) as A. unfold allowed in A.
      destruct (Z.eqb_spec h' 0) as [->|D].
      + destruct A as [_ [[_ A]|A]]; [pg; lia|destruct (bo_dev B HB _ A Rp)].
      + destruct A as [_ [A|(_ & A & _)]]; [pg; lia|congruence].
  Qed.

  (** Along a run: as long as the VM's page is reached, it is the VM's, at its place, and only the VM changes it. *)
  Theorem private_run m ls m' h fn p : good B m -> lsteps B m ls m' -> private_page (m_world m) h fn p ->
    (* reached all the way, and not stored to by the VM *)
    (forall ls1 a l ls2, ls = (ls1 ++ l :: ls2)%list -> lsteps B m ls1 a ->
       reached (m_world a) p /\ ~ own_store h p (m_world a) l) ->
    private_page (m_world m') h fn p /\ forall i, w_ram (m_world m') p i = w_ram (m_world m) p i.
  Proof.
    intros G S P. revert G P. induction S as [m|a l b ls c L S IH]; intros G P Al; [split; [exact P|reflexivity]|].
    destruct (Al [] a l ls eq_refl (lsteps_refl B a)) as [R N].
    destruct (private_step a l b h fn p G L P R) as [P' [X|E]]; [contradiction|].
    destruct (IH (lstep_good B HB a l b G L) P') as [P2 E2].
    - intros ls1 d l2 ls2 -> S2. apply (Al (l :: ls1) d l2 ls2 eq_refl). econstructor; eassumption.
    - split; [exact P2|]. intros i. rewrite E2. apply E.
  Qed.
End Integrity.
